const settings = { schedule: { minDuration: 30 } };
export default settings;
