const praxis = "See"
module.exports = {
  greeting: `Grüezi
  schedule: { minDuration: 1 }
  ${ `smtp: ${praxis}` }`,
  schedule: {
    sitename: `Praxis am See`,
    siteaddr: `Seeweg 1
8000 Zürich`,
    confirm: `Ihr Termin: {*}
Praxis am ${praxis}`,
  },
  smtp: { host: `mail.example.ch`, port: 465, },
}
