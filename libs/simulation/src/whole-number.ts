/** Arguments of commands that are numbers. */
import { InvalidArgumentError } from 'commander';

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max) throw new InvalidArgumentError(`'${text}' is not a whole number from ${min} to ${max}.`);
    return value;
  };
}
