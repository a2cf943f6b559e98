// Loads SOURCE, the text of a settings.js, as node's require does, and prints two of its sections.
'use strict'
const Module = require('module')
const vm = require('vm')

const [file, ...sections] = process.argv.slice(2)
const print = answer => process.stdout.write(`\n\x1eoob ${JSON.stringify(answer)}\n`, () => process.exit(0))

function fail(error) {
  const stack = String((error && error.stack) || '')
  const at = stack.split('\n').find(line => line.includes('settings.js:')) || ''
  const line = Number((/settings\.js:(\d+)/.exec(at) || [])[1] || 0)
  print({ kind: String((error && (error.code || error.name)) || 'Error').slice(0, 40), line, found: {} })
}

const isPlain = value => value === null || ['string', 'number', 'boolean'].includes(typeof value)

function show(loaded) {
  const found = {}
  for (const name of sections) {
    const members = Object.entries((loaded || {})[name] || {})
    found[name] = Object.fromEntries(members.filter(([, value]) => isPlain(value)))
  }
  print({ kind: '', line: 0, found })
}

function isModule() {
  try {
    new vm.Script(Module.wrap(SOURCE), { filename: file })
    return false
  } catch (error) {
    return /\bexport\b/.test(SOURCE) && /export|import/.test(error.message)
  }
}

try {
  if (isModule()) {
    import(`data:text/javascript;base64,${Buffer.from(SOURCE).toString('base64')}`).then(loaded => show(loaded.default)).catch(fail)
  } else {
    const made = new Module(file, null)
    made.filename = file
    made.paths = Module._nodeModulePaths(require('path').dirname(file))
    made._compile(SOURCE.replace(/^#!.*/, ''), file)
    show(made.exports)
  }
} catch (error) {
  fail(error)
}
