import { invalidOption } from '../../options.js'

/** A client of `redis`: what `createClient`, `createSentinel` or `createCluster` gives, connected. */
export interface NodeRedisClient {
  sendCommand(...args: never[]): PromiseLike<unknown>
  duplicate(...args: never[]): unknown
}

/** A client of `ioredis`: a `Redis`, also by way of Sentinel, or a `Cluster`. */
export interface IoredisClient {
  call(...args: never[]): PromiseLike<unknown>
  duplicate(...args: never[]): unknown
}

/** Sends a command, its words in order, and answers with the reply. Rejects with the driver's own error. */
export type Send = (words: readonly string[]) => PromiseLike<unknown>

/** What a subscription tells. */
export interface Feed {
  readonly channel: string
  heard(message: string): void
  /** The connection broke, or may have. */
  disturbed(): void
}

/** The little that is asked of a client, whichever it is. */
export interface RedisPort {
  /** Sends a command to the master that holds `key`. */
  send(key: string, words: readonly string[]): PromiseLike<unknown>
  /** All masters: one, unless it is a Cluster. */
  masters(): Promise<readonly Send[]>
  /** Begins to listen to a channel, on a connection of its own. */
  listen(feed: Feed): Subscription
}

export interface Subscription {
  /** Resolves once it listens. */
  readonly ready: Promise<unknown>
  close(): unknown
}

/** @throws {ConfigError} `ERR_OPTION_INVALID` for what is no client of a known driver */
export function openPort(where: string, client: NodeRedisClient | IoredisClient): RedisPort {
  // Of the two, only ioredis has `call`; both have some `sendCommand`.
  if (has<Ioredis>(client, 'call', 'duplicate')) return ioredisPort(client)
  if (!has<NodeRedis>(client, 'sendCommand', 'duplicate')) {
    throw invalidOption(where, 'client', 'a client of redis (5 or later) or of ioredis')
  }
  if (has<NodeRedisCluster>(client, 'nodeClient')) return clusterPort(client)
  if (has<NodeRedisSentinel>(client, 'getSentinelNode')) return sentinelPort(client)
  return singlePort(client as NodeRedisSingle)
}

function has<T>(client: unknown, ...methods: readonly (keyof T & string)[]): client is T {
  const isObject = typeof client === 'object' && client !== null
  return isObject && methods.every(name => typeof (client as Readonly<Record<string, unknown>>)[name] === 'function')
}

interface Emitter {
  on(event: string, listener: (...args: never[]) => void): unknown
}

interface NodeRedisFeed extends Emitter {
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  destroy(): unknown
}

interface NodeRedis {
  sendCommand(...args: never[]): PromiseLike<unknown>
  duplicate(): NodeRedisFeed
}

interface NodeRedisSingle extends NodeRedis {
  sendCommand: Send
}

interface NodeRedisSentinel extends NodeRedis {
  sendCommand(isReadonly: boolean, words: readonly string[]): PromiseLike<unknown>
  getSentinelNode(): unknown
}

interface NodeRedisCluster extends NodeRedis {
  sendCommand(key: string, isReadonly: boolean, words: readonly string[]): PromiseLike<unknown>
  nodeClient(node: unknown): Promise<NodeRedisSingle>
  readonly masters: readonly unknown[]
}

interface IoredisFeed extends Emitter {
  subscribe(channel: string): Promise<unknown>
  disconnect(): void
}

interface Ioredis {
  call(command: string, args: readonly string[]): PromiseLike<unknown>
  duplicate(...options: readonly unknown[]): IoredisFeed
}

interface IoredisCluster extends Ioredis {
  nodes(role: 'master'): readonly Ioredis[]
}

function singlePort(client: NodeRedisSingle): RedisPort {
  const send: Send = words => client.sendCommand(words)
  return {
    send: (_key, words) => client.sendCommand(words),
    masters: async () => [send],
    listen: feed => listenByNodeRedis(client, feed),
  }
}

function sentinelPort(client: NodeRedisSentinel): RedisPort {
  const send: Send = words => client.sendCommand(false, words)
  return {
    send: (_key, words) => client.sendCommand(false, words),
    masters: async () => [send],
    listen: feed => listenByNodeRedis(client, feed),
  }
}

function clusterPort(client: NodeRedisCluster): RedisPort {
  return {
    send: (key, words) => client.sendCommand(key, false, words),
    masters: async () => {
      const nodes = await Promise.all(client.masters.map(node => client.nodeClient(node)))
      return nodes.map(node => words => node.sendCommand(words))
    },
    listen: feed => listenByNodeRedis(client, feed),
  }
}

function ioredisPort(client: Ioredis): RedisPort {
  const sendBy =
    (node: Ioredis): Send =>
    ([command = '', ...args]) =>
      node.call(command, args)
  const send = sendBy(client)
  const isCluster = has<IoredisCluster>(client, 'nodes')
  return {
    send: (_key, words) => send(words),
    masters: async () => (isCluster ? client.nodes('master').map(sendBy) : [send]),
    listen: feed => {
      // The first command waits for the connection here, whatever the host's own client does.
      const options = { enableOfflineQueue: true, autoResubscribe: true }
      const connection = isCluster ? client.duplicate([], options) : client.duplicate(options)
      watch(connection, feed)
      connection.on('message', (_channel: string, message: string) => feed.heard(message))
      return { ready: connection.subscribe(feed.channel), close: () => connection.disconnect() }
    },
  }
}

function listenByNodeRedis(client: NodeRedis, feed: Feed): Subscription {
  const connection = client.duplicate()
  watch(connection, feed)
  const subscribe = () => connection.subscribe(feed.channel, message => feed.heard(message))
  return { ready: connection.connect().then(subscribe), close: () => connection.destroy() }
}

/** Every sign of any of the drivers that a connection broke. An error nobody listens to would end the process. */
const DISTURBANCES = ['error', 'reconnecting', 'node-error', 'node error', '-node', 'topology-change'] as const

function watch(connection: Emitter, feed: Feed): void {
  for (const event of DISTURBANCES) connection.on(event, () => feed.disturbed())
}
