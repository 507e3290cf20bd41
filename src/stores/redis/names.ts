/** Names of keys and channels. All keys of one operation share a hash tag, so that a Cluster has them on one node. */
export interface Names {
  /** One of 64 groups, which a Cluster spreads evenly over its masters. All that claims of one API key touch is in one. */
  groupOf(keyId: string): string
  /** The highest time seen in a group. */
  horizon(group: string): string
  /** A remembered token. */
  token(group: string, keyId: string, token: string): string
  /** How many tokens of an API key are remembered. */
  tally(group: string, keyId: string): string
  /** The rising nonces of an API key. */
  window(keyId: string): string
  usage(keyId: string): string
  /** The ids of all API keys. Everything of the key store begins with this, since its operations span keys. */
  readonly keys: string
  row(keyId: string): string
  /** How many changes were told. */
  readonly changes: string
  readonly channel: string
}

/** All groups. */
export const GROUPS: readonly string[] = Array.from({ length: 64 }, (_, i) => tagOf(i))

/**
 * Two octal digits and any two letters: the slots of these 64 tags lie one in each 64th of the range, because CRC-16 is
 * linear. A Cluster deals its slots out in ranges.
 *
 * @source Redis Cluster specification, "Key distribution model" (CRC16, XMODEM, modulo 16384)
 */
function tagOf(index: number): string {
  return `${index >> 3}${index & 7}kl`
}

/** @param prefix checked: without braces */
export function createNames(prefix: string): Names {
  const groupOf = (keyId: string) => GROUPS[hash(keyId) & 63]!
  const inGroup = (group: string, kind: string, keyId: string) => `${prefix}{${group}}${kind}:${keyId}`
  return {
    groupOf,
    horizon: group => `${prefix}{${group}}time`,
    // The length says where the key id ends, whatever both are made of.
    token: (group, keyId, token) => inGroup(group, `t${keyId.length}`, keyId) + token,
    tally: (group, keyId) => inGroup(group, 'n', keyId),
    window: keyId => inGroup(groupOf(keyId), 'w', keyId),
    usage: keyId => inGroup(groupOf(keyId), 'u', keyId),
    keys: `${prefix}{keys}`,
    row: keyId => `${prefix}{keys}:row:${keyId}`,
    changes: `${prefix}{changes}`,
    channel: `${prefix}changes`,
  }
}

/** FNV-1a. It spreads load; nothing depends on its being hard to aim at. */
function hash(text: string): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193)
  return sum ^ (sum >>> 15)
}
