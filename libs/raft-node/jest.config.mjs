import preset from '../../jest.preset.mjs';

/** Tests with real processes and disks are patient, because the machine may be busy. */
export default preset;
