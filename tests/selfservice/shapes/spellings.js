exports = module.exports = ({
  ['schedule']: { "min\u0044uration": 0x1e, maxPerDay: 4.0, sitename: 'Praxis \x61m See\u{2026}', sitephone: "0\
44" },
  "smtp": ({ host: ('mail.example.ch'), port: 4_65 }),
});
