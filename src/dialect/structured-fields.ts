import {
  type Dictionary,
  type InnerList,
  type Item,
  type Parameters,
  parseDictionary as parse,
  serializeDictionary,
  serializeInnerList,
  serializeItem,
} from 'structured-headers'

export type { Dictionary, InnerList, Item, Parameters }
export { serializeDictionary, serializeInnerList, serializeItem }

/**
 * A dictionary that stands as the standard writes it: one text per value. `undefined` for anything else.
 *
 * @source RFC 9651 sections 3.2 and 4
 */
export function readDictionary(text: string): Dictionary | undefined {
  const dictionary = parseDictionary(text)
  return dictionary !== undefined && serializeDictionary(dictionary) === text ? dictionary : undefined
}

/** A dictionary, however it is spelled. */
export function parseDictionary(text: string): Dictionary | undefined {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

export function isInnerList(member: Item | InnerList | undefined): member is InnerList {
  return Array.isArray(member?.[0])
}
