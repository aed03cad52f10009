export { type Change } from './change.js';
export {
  type BrakeCommand,
  type Command,
  FAILURE_CLASSES,
  type FailureClass,
  type ManyCommand,
  type MemberCommand,
  type OperatorCommand,
  type PublishedCommand,
  type ReleaseCommand,
  type RulesCommand,
  type SingleCommand,
  type SuspectCause,
} from './command.js';
export { type Admission, type Damping, isGone, type Member, type Profile, type Standing } from './member.js';
export { type Entry, Membership } from './membership.js';
export { changesOf, type Outcome, type SingleOutcome } from './outcome.js';
export { type DampingView } from './damping.js';
export { describeRejection, type Rejection } from './rejection.js';
export { isSameRules, type MembershipRules, membershipRules, type MembershipSettings } from './rules.js';
export { type MembershipSnapshot, type MembershipSnapshotV1 } from './snapshot.js';
