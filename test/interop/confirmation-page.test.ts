import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { KeyManager } from '../../src/index.js'
import { createHouse, owned, rowsOf, wanted, withMail } from '../keys/house.js'
import { importFromGuide } from './guides.js'

const BROWSER = 'c'.repeat(43)
const cookie = `other=1; __Host-keys=${BROWSER}`
let server: Server | undefined

afterEach(() => {
  server?.close()
  server?.closeAllConnections()
})

async function createPage() {
  const { serveConfirmations } = await importFromGuide('confirmation-mail', 'serveConfirmations')
  const house = createHouse({ rows: { request: withMail, rotate: withMail } })
  server = (serveConfirmations as (manager: KeyManager) => Server)(house.manager)
  await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { key } = await house.manager.request({ ...wanted, label: '<b>bot</b>', proof: 'good', browser: BROWSER })
  const open = (token: string, init: RequestInit = {}) =>
    fetch(`${origin}/api-keys/confirm?token=${token}`, { redirect: 'manual', ...init })
  const post = (token: string, headers: Record<string, string> = {}) =>
    open(token, { method: 'POST', headers: { cookie, 'sec-fetch-site': 'same-origin', ...headers } })
  return { ...house, key, open, post }
}

describe('the confirmation page, as the guide shows it', () => {
  it('shows what the link would do, any number of times, and does nothing', async () => {
    const house = await createPage()
    const before = await rowsOf(house)
    for (let n = 0; n < 3; n++) {
      const answer = await house.open(house.token(), { headers: { cookie } })
      expect(answer.status).toBe(200)
      const html = await answer.text()
      expect(html).toContain('request of the key &#60;b&#62;bot&#60;/b&#62;?')
      expect(html).toContain('&#34;permissions&#34;:[&#34;read&#34;,&#34;trade&#34;]')
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    }
    expect(await rowsOf(house)).toBe(before)
  })

  it('confirms by POST, once', async () => {
    const { post, token, manager, key } = await createPage()
    const answer = await post(token())
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/api-keys/${key.keyId}`])
    expect(await manager.get(owned(key))).toMatchObject({ state: 'active' })
    expect((await post(token())).status).toBe(400)
  })

  it('shows the new secret of a rotation, which is nowhere else', async () => {
    const { post, token, manager, key } = await createPage()
    await post(token())
    await manager.reveal(owned(key))
    await manager.rotate({ ...owned(key), overlapMs: 0, proof: 'good-2', browser: BROWSER })
    expect(await (await post(token())).text()).toMatch(/kls_test_\w{49}/)
  })

  it.each<[string, Record<string, string>, number]>([
    ['another browser', { cookie: `__Host-keys=${'d'.repeat(43)}` }, 400],
    ['a browser without the cookie', { cookie: 'other=1' }, 400],
    ['a form of another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ])('confirms nothing for %s', async (_, headers, status) => {
    const house = await createPage()
    const before = await rowsOf(house)
    expect((await house.post(house.token(), headers)).status).toBe(status)
    expect(await rowsOf(house)).toBe(before)
  })

  it('says of every link that is not good the same', async () => {
    const { open, token } = await createPage()
    const other = { headers: { cookie: `__Host-keys=${'d'.repeat(43)}` } }
    const texts = [await open('nonsense'), await open(''), await open(`${token()}x`), await open(token(), other)]
    expect(new Set(await Promise.all(texts.map(answer => answer.text()))).size).toBe(1)
  })
})
