import preset from '../../jest.preset.mjs';

// A real broker on a busy machine may take seconds to share out a group.
export default { ...preset, setupFiles: ['reflect-metadata'] };
