import type { Launch } from './processes.mjs';

export class BadDisks {
  constructor(folder: string);
  launch(id: string): Launch;
  set(id: string, fault: 'well' | 'freeze' | 'error' | 'slow'): void;
}
export function smallDisk(folder: string, bytes: number): Launch;
export const CAN_FAIL: boolean;
export const CAN_FILL: boolean;
