/** Words that all dashboards are written in. */

const panel = (type, width) => (title, description, options) => ({ type, width, title, description, ...options });
export const stat = panel('stat', 3);
export const wideStat = panel('stat', 6);
export const half = panel('timeseries', 12);

/** A third of a row of lines that begin at zero, each target as [expression, legend]. */
export const third = (unit) => (title, description, ...targets) => panel('timeseries', 8)(title, description, { unit, min: 0, targets: targets.map(([expr, legend]) => ({ expr, legend })) });
export const perSecond = third('cps');
export const counted = third('short');
export const lasting = third('s');

export const GREEN_ABOVE_ZERO = [{ color: 'red', value: null }, { color: 'green', value: 1 }];
export const RED_ABOVE_ZERO = [{ color: 'green', value: null }, { color: 'red', value: 1 }];

/** Adds the node id to what a process says of itself; `label` narrows whose. */
export const byNode = (expr, label = 'job=~"$job", node_id=~"$node"') => `(${expr}) * on (instance) group_left (node_id) muster_service_info{${label}}`;
/** What a counter grows by each second, one line per value of the labels. */
export const rateBy = (labels, metric) => `sum by (${labels}) (rate(${metric}[$__rate_interval]))`;
/** Two lines of a histogram: its median and a high quantile. */
export const quantiles = (high, metric, label) =>
  [0.5, high].map((q) => [`histogram_quantile(${q}, sum by (le, ${label}) (rate(${metric}_bucket[$__rate_interval])))`, `{{${label}}} ${q === 0.5 ? 'median' : `${q * 100} %`}`]);
