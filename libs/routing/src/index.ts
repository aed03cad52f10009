export { type Candidate, type Tier, tierOf, TIERS, weightOf } from './candidate.js';
export { type Random, ROUTING_DEFAULTS, type RoutingConfig } from './config.js';
export { type Outcome } from './member-record.js';
export { RETRY_BUDGET_DEFAULTS, RetryBudget, type RetryBudgetConfig } from './retry-budget.js';
export { type Choice, type ChooseRequest, Router } from './router.js';
