import type { Awaitable } from '../store.js'

/** An answer on its way. */
export interface Flight<About, T> {
  /** What was known when it was asked for. */
  readonly about: About
  readonly answer: Promise<T>
  /** Whether what it is about has changed since: then it serves those who wait for it, and must not be kept. */
  isOutdated: boolean
  /** The answer after this one, for all who came too late for this one. */
  next: Promise<T> | undefined
}

/** Answers on their way, one an id, so that many who ask for the same at once ask one question together. */
export interface Flights<About, T> {
  get(id: string): Flight<About, T> | undefined
  /**
   * Sets out. One that was under way for this id is outdated.
   *
   * @param work is told, once it has waited for something, whether it is outdated
   */
  depart(id: string, about: About, work: (isOutdated: () => boolean) => Promise<T>): Promise<T>
  /**
   * An answer that is asked for after this call, and not before `flight` has arrived: everybody who comes while it is
   * under way shares that one, so that no answer is older than anybody's question.
   *
   * @param ask asks for it
   */
  follow(id: string, flight: Flight<About, T>, ask: () => Awaitable<T>): Promise<T>
  /** What is under way for an id, or with `undefined` for all, is outdated, and nobody joins it any more. */
  outdate(id: string | undefined): void
}

export function createFlights<About, T>(): Flights<About, T> {
  const flights = new Map<string, Flight<About, T>>()

  function outdate(id: string | undefined): void {
    const outdated = id === undefined ? [...flights.values()] : [flights.get(id)]
    for (const flight of outdated) if (flight !== undefined) flight.isOutdated = true
    if (id === undefined) flights.clear()
    else flights.delete(id)
  }

  return {
    // Nearly always nothing is under way; then this is one comparison.
    get: id => (flights.size === 0 ? undefined : flights.get(id)),
    depart(id, about, work): Promise<T> {
      outdate(id)
      const answer = work(() => flight.isOutdated).finally(() => {
        if (flights.get(id) === flight) flights.delete(id)
      })
      const flight: Flight<About, T> = { about, answer, isOutdated: false, next: undefined }
      flights.set(id, flight)
      return answer
    },
    follow(id, flight, ask): Promise<T> {
      // What set out meanwhile did so after this one had landed or was outdated, hence after everybody who follows it.
      const askNow = (): Awaitable<T> => flights.get(id)?.answer ?? ask()
      flight.next ??= flight.answer.then(askNow, askNow)
      return flight.next
    },
    outdate,
  }
}
