export { findServer } from './find-server.js';
export { findServers, FoundServers } from './find-servers.js';
export { type FoundBy, type FoundServer, type MissingServer, type SearchOptions, type SearchResult, SERVER_ENV, SERVER_KINDS, type ServerKind } from './found-server.js';
export { IMAGES } from './docker.js';
