const cfg = {
  schedule: { minDuration: 30 },
  smtp: { host: 'mail.example.ch' }
}

module.exports = cfg
