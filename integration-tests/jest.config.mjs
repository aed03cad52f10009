import preset from '../jest.preset.mjs';

// One after the other: two clusters beside each other take each other's time, and now and then a port that was free a moment ago.
export default { ...preset, maxWorkers: 1 };
