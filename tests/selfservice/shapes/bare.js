#!/usr/bin/env node
module.exports = {schedule:{minDuration:30},smtp:{host:"a.ch",port:465}} // fertig