/** A clock that can be moved, so that nobody has to wait until an hour has passed. */
export function createClock() {
  let offsetMs = 0
  return Object.assign(() => Date.now() + offsetMs, {
    advance: ms => {
      offsetMs += ms
    },
  })
}
