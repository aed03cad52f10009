/** Says in plain words what is wrong with a value. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

const VALUE_LENGTH_MAX = 120;

/** A value as a person would write it; passwords in URLs are covered. */
export function shown(value: unknown): string {
  // JSON has no word for NaN and the infinities.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  const covered = text.replaceAll(/(:\/\/[^:/@\s"]*):[^@\s"]+@/g, '$1:***@');
  return covered.length > VALUE_LENGTH_MAX ? `${covered.slice(0, VALUE_LENGTH_MAX)}…` : covered;
}

/** One sentence for all that is wrong with one value. */
export function ruleOf(issues: readonly Issue[], range: string | undefined): string {
  const rules = [...new Set(issues.map(wordsOf))].join(', ');
  return range === undefined || rules.includes(range) ? rules : `${rules} (allowed: ${range})`;
}

const NAMES: Readonly<Record<string, string>> = { number: 'a number', int: 'a whole number', string: 'text', boolean: 'true or false', array: 'a list', record: 'written key=value,key=value', object: 'a section' };

function wordsOf(issue: Issue): string {
  const at = issue.path.map((step) => (typeof step === 'number' ? `entry ${step + 1} ` : `"${String(step)}" `)).join('');
  switch (issue.code) {
    case 'invalid_type':
      return `${at}must be ${NAMES[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `${at}${saysItself(issue) ?? `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${countOf(issue.origin)}`}`;
    case 'too_big':
      return `${at}${saysItself(issue) ?? `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${countOf(issue.origin)}`}`;
    case 'invalid_value':
      return `${at}must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues.map(wordsOf).join(', ');
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'custom':
      return `${at}${issue.message}`;
  }
}

/** A message that the schema gives is better than one made up here. */
const saysItself = (issue: Issue): string | null => (issue.message.startsWith('must ') ? issue.message : null);

const countOf = (origin: string): string => (origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '');
