import { execFileSync } from 'node:child_process'
import type { Absent } from '../skips.js'

/** Whether there is a curl to run printed commands with. */
export const absentCurl: Absent = hasCurl() ? undefined : 'no curl on this machine'

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'])
    return true
  } catch {
    return false
  }
}
