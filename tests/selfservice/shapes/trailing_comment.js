module.exports = {
    schedule: {
        minDuration: 30 // Minuten, keine Stunden
    },
    smtp: { host: "mail.example.ch" // Server
    } // Ende
    // ganz am Schluss
}
