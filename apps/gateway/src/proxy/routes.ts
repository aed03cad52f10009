/**
 * Which service answers which path, and under which path there. Pure.
 *
 * Looks at the path as it came, byte for byte; what is forwarded is cut off in front, never rewritten inside.
 */
export interface Route {
  /** The path itself and everything below it. Begins with `/`, does not end with it. */
  readonly prefix: string;
  /** Takes the place of `prefix` at the member. */
  readonly target: string;
  readonly methods: readonly string[];
  /** True: only the path itself, nothing below it. */
  readonly exact?: boolean;
  readonly service: string;
}

export const DEFAULT_ROUTES: readonly Route[] = [
  { prefix: '/api/logs', target: '/logs', methods: ['GET', 'HEAD'], service: 'consumer' },
  { prefix: '/api/logs', target: '/logs', methods: ['POST'], exact: true, service: 'producer' },
];

export type RouteMatch =
  | { readonly kind: 'route'; readonly service: string; readonly path: string }
  /** The path is ours, the method is not. */
  | { readonly kind: 'method-not-allowed'; readonly allowed: readonly string[] }
  /** A path with `.` or `..` in it may mean something else behind us than here. */
  | { readonly kind: 'ambiguous-path' }
  | { readonly kind: 'not-ours' };

export function matchRoute(routes: readonly Route[], method: string, url: string): RouteMatch {
  const pathEnd = url.search(/[?#]/);
  const path = pathEnd === -1 ? url : url.slice(0, pathEnd);
  const onPath = routes.filter((route) => path === route.prefix || (!route.exact && path.startsWith(`${route.prefix}/`)));
  if (onPath.length === 0) return { kind: 'not-ours' };
  if (hasDotSegment(path)) return { kind: 'ambiguous-path' };
  const route = onPath.find(({ methods }) => methods.includes(method));
  if (route === undefined) return { kind: 'method-not-allowed', allowed: onPath.flatMap(({ methods }) => methods) };
  return { kind: 'route', service: route.service, path: route.target + url.slice(route.prefix.length) };
}

function hasDotSegment(path: string): boolean {
  return path.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment)) || path.includes('\\');
}
