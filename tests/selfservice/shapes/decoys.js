module.exports = {
  nested: { schedule: { minDuration: 1, smtp: { host: "falsch" } }, smtp: { host: "falsch", pwd: "falsch" } },
  list: [{ smtp: { host: "falsch" } }],
  text: "smtp: { host: 'falsch' }",
  pattern: /smtp: {host}/,
  make() { return { smtp: { host: "falsch" } } },
  schedule: {
    nested: { minDuration: 1, sitename: "falsch" },
    minDuration: 30,
    minDurationMax: 1,
  },
  smtp: { auth: { host: "falsch", pwd: "falsch" }, host: "mail.example.ch" },
}
