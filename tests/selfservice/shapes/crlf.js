/*
 * Einstellungen der Praxis
 * smtp: { host: "nicht-dieser", port: 25 }
 */
const path = require('path')

module.exports = {
  // schedule: { minDuration: 1 },
  port: process.env.WEBELEXIS_SERVER || 3030, // der Server
  docbase: path.join(__dirname, 'docbase'),

  schedule: {
    minDuration: 30, // Minuten
    maxPerDay: 4,
    resource: "Arzt", /* Agenda */ // Bereich
    terminTyp: "Internet",
    sitename: "Praxis am See",
    sitemail: "team@example.ch",
    siteaddr: "Seeweg 1, 8000 Zürich",
    sitephone: "044 000 00 00" // ohne Vorwahl
  },

  /* Mail */
  smtp: {
    host: "mail.example.ch",
    port: 465,
    user: "praxis",
    pwd: "geheim-eins", // nicht weitergeben
  }, // Ende
}
