export { type Command, describeRejection, type FailureClass, type MemberCommand, type PublishedCommand, type Rejection } from './command.js';
export { decide, type Proposal, type Sight } from './decide.js';
export { type Admission, type Change, isGone, type Member, type Profile, type Standing } from './member.js';
export { type Entry, Membership, type MembershipSnapshot, type Outcome } from './membership.js';
export { type MembershipRules, membershipRules } from './rules.js';
