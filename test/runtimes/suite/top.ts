/** Whether a house can be built where a module begins: this one does it. */

import { createHouse } from '../house.js'
import { AbsentError, type Check } from './check.js'

function refusal(): string {
  try {
    createHouse()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

const refused = refusal()

export const atTheTop: Check = {
  capability: 'top',
  name: 'a verifier and its stores are built where a module begins',
  run() {
    if (/random values are not allowed/.test(refused)) throw new AbsentError('allows random values in handlers only')
    if (refused !== '') throw new Error(refused)
  },
}
