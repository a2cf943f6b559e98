module.exports = {
}
