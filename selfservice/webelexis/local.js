// Lets Webelexis 3.7 and newer read the appointments' settings from data/settings.js, as 3.1 to 3.5 do by themselves.
// Mounted as server/config/local.js. Constant: the values are in data/settings.js alone.
// A file that does not load is reported in the log, and Webelexis starts with the settings that it brings along.
const found = {}
try {
  const loaded = require('../../data/settings.js')
  const settings = (loaded.__esModule && loaded.default) || loaded
  for (const name of ['schedule', 'smtp']) {
    const section = settings[name]
    if (section && typeof section === 'object' && !Array.isArray(section)) found[name] = section
  }
} catch (error) {
  const { name = 'Error', code } = error || {} // whatever was thrown
  console.error(`data/settings.js cannot be used: ${name}${code ? ` (${code})` : ''}`)
}
module.exports = found
