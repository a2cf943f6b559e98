const base = { port: 3030, smtp: { host: "alt" } }
module.exports = {
  ...base,
  smtp: { ...base.smtp, host: "mail.example.ch" },
  schedule: {},
}
