export default {
  schedule: { minDuration: 30, sitename: "Praxis am See" },
  smtp: {
    host: "mail.example.ch",
  },
}
