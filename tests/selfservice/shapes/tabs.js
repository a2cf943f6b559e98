'use strict';
module.exports = {
	'schedule': {
		'minDuration': 30,
		'sitename': 'Praxis am See',
	},
	'smtp': {
		'host': 'mail.example.ch',
		'pwd': 'geheim-eins'
	},
};
