/** What a probe found: the very process; proof that it is gone (nobody listens, or somebody else answers); or nothing, which proves nothing. */
export type ProbeResult = 'answered' | 'refused' | 'silent';
