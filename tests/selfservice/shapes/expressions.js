const STANDARD = { host: "mail.example.ch" }
const user = "praxis"
module.exports = {
  schedule: { minDuration: 2 * 15, maxPerDay: +"4", confirm: "Termin: " + "{*}" },
  smtp: {
    ...STANDARD,
    port: Number(process.env.SMTPPORT || 465),
    user,
    pwd: process.env.SMTPPASSWORD || "geheim-eins",
  },
}
