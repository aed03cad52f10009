/** What decides who belongs to a group, without a socket or a file: the way in for those who run it in another world than this one. */
export { type Admission, admissionOf } from './admission.js';
export { type Addresses, type Directory, type DirectoryCommand, type DirectoryPeer, EMPTY_DIRECTORY, type Newcomer, peerNamed } from './directory.js';
export { type Duty, nextDuty } from './duties.js';
export { applicationEntry, directoryEntry, foundingState, openEntry } from './envelope.js';
export { hasToAnnounce, leaderUrlIn } from './announcing.js';
export { clusterIdOf, compareRank, formationStep, type FormationStep, type Unformed } from './formation.js';
export { type DirectoryAnswer, GroupMachine } from './group-machine.js';
export { type Patience, patienceWith } from './in-touch.js';
export { JoinNonces } from './join-nonces.js';
export { followersOf, KeepingUp } from './keeping-up.js';
export { removalHindrance } from './removal.js';
export { Whereabouts } from './whereabouts.js';
