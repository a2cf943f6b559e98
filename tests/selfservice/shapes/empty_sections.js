module.exports = {
  schedule: { // noch nichts
  },
  smtp: { /* leer */ },
  other: {}
}
