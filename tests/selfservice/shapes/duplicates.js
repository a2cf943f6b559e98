module.exports = {
  smtp: { host: "alt.example.ch", pwd: "alt" },
  schedule: { minDuration: 10, minDuration: 30 },
  smtp: { host: "mail.example.ch", "host": "mail2.example.ch" },
}
