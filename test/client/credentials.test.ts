import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createSigner, credentialsFromEnv, credentialsFromText, generateKeyPair } from '../../src/client/index.js'
import { KeyError } from '../../src/errors.js'
import { formatCredentials } from '../../src/http/credentials-uri.js'
import { ed25519V1 } from '../../src/schemes/ed25519-v1.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { okx } from '../../src/schemes/okx.js'
import { verdictOf } from '../schemes/vectors.js'

const keyId = 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s'
const secret = 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1234567890aB'
const passphrase = 'the-passphrase-of-mine'
const uri = formatCredentials({
  scheme: 'hmac-v1',
  credentials: { keyId, secret },
  server: 'https://api.example.com',
  audience: 'api.example.com',
  label: 'bot',
})
const env = { KEYLATTICE_KEY_ID: keyId, KEYLATTICE_SECRET: secret }

describe('Credentials of the environment', () => {
  it('are what createSigner takes', async () => {
    const scheme = hmacV1({ audience: 'api.example.com' })
    const signed = await createSigner({ scheme, ...credentialsFromEnv(env).credentials }).sign({
      method: 'GET',
      target: '/',
    })
    expect(verdictOf(scheme, signed, secret)).toBe('accepted')
    expect(verdictOf(scheme, signed, `${secret}x`)).toBe('wrong signature')
  })

  it('have a passphrase, a server and an audience where they are set', async () => {
    const more = {
      ...env,
      KEYLATTICE_PASSPHRASE: passphrase,
      KEYLATTICE_SERVER: 'https://a.example',
      KEYLATTICE_AUDIENCE: 'a',
    }
    const { credentials, server, audience } = credentialsFromEnv(more)
    expect(credentials.passphrase?.reveal()).toBe(passphrase)
    expect({ server, audience }).toEqual({ server: 'https://a.example', audience: 'a' })
    const signer = createSigner({ scheme: okx(), ...credentials })
    expect((await signer.sign({ method: 'GET', target: '/' })).headers['ok-access-passphrase']).toBe(passphrase)
    expect(credentialsFromEnv(env)).toEqual({ credentials: { keyId, secret: expect.anything() } })
  })

  it('have names of the host’s own, and may have white space around them', () => {
    const { credentials } = credentialsFromEnv({ ACME_KEY_ID: ` ${keyId}`, ACME_SECRET: `${secret}\n` }, 'ACME_')
    expect([credentials.keyId, credentials.secret.reveal()]).toEqual([keyId, secret])
    expect(() => credentialsFromEnv(env, 'ACME_')).toThrow(expect.objectContaining({ field: 'ACME_KEY_ID' }))
  })

  it('may be a credentials URI, and nothing beside it', () => {
    const { credentials, ...rest } = credentialsFromEnv({ KEYLATTICE_CREDENTIALS: uri })
    expect(credentials.secret.reveal()).toBe(secret)
    expect(rest).toEqual({
      scheme: 'hmac-v1',
      server: 'https://api.example.com',
      audience: 'api.example.com',
      label: 'bot',
    })
    const both = { ...env, KEYLATTICE_CREDENTIALS: uri }
    expect(() => credentialsFromEnv(both)).toThrow(expect.objectContaining({ field: 'KEYLATTICE_CREDENTIALS' }))
  })

  it('may be a private key whose line breaks are escaped', async () => {
    const { privateKey } = await generateKeyPair('ed25519')
    const escaped = { ...env, KEYLATTICE_SECRET: privateKey.trim().replaceAll('\n', '\\n') }
    const { credentials } = credentialsFromEnv(escaped)
    expect(credentials.secret.reveal()).toBe(privateKey.trim())
    const signer = createSigner({ scheme: ed25519V1({ audience: 'a' }), ...credentials })
    await expect(signer.sign({ method: 'GET', target: '/' })).resolves.toBeDefined()
  })

  it.each<[string, Record<string, string | undefined>, string]>([
    ['no key id', { KEYLATTICE_SECRET: secret }, 'KEYLATTICE_KEY_ID'],
    ['no secret', { KEYLATTICE_KEY_ID: keyId }, 'KEYLATTICE_SECRET'],
    ['an empty secret', { ...env, KEYLATTICE_SECRET: ' ' }, 'KEYLATTICE_SECRET'],
    ['inherited ones', Object.create(env) as Record<string, string>, 'KEYLATTICE_KEY_ID'],
    ['a broken URI', { KEYLATTICE_CREDENTIALS: `${uri}&x=${secret}` }, 'uri'],
    ['another text', { KEYLATTICE_CREDENTIALS: secret }, 'uri'],
  ])('are refused by name: %s', (_, given, field) => {
    expect(() => credentialsFromEnv(given)).toThrow(KeyError)
    expect(() => credentialsFromEnv(given)).toThrow(expect.objectContaining({ code: 'ERR_INPUT_INVALID', field }))
  })
})

describe('Credentials of a text', () => {
  it('are those of a QR code, or of a file that holds the same', () => {
    for (const text of [uri, ` ${uri}\n`, `# mine\n\n${uri}\n`]) {
      expect(credentialsFromText(text).credentials.secret.reveal()).toBe(secret)
    }
  })

  it('are lines of variables, between comments', () => {
    const text = `# mine\r\nKEYLATTICE_KEY_ID=${keyId}\r\n\r\n  KEYLATTICE_SECRET = 'a=b#c'\r\nKEYLATTICE_AUDIENCE="a"\n`
    const { credentials, audience } = credentialsFromText(text)
    expect([credentials.keyId, credentials.secret.reveal(), audience]).toEqual([keyId, 'a=b#c', 'a'])
  })

  it.each([
    '',
    '# nothing',
    'hello',
    `KEYLATTICE_KEY_ID=${keyId}`,
    `${uri}\n${uri}`,
    `OTHER=1\nKEYLATTICE_SECRET=${secret}`,
  ])('are refused where they are neither: %j', text => {
    expect(() => credentialsFromText(text)).toThrow(KeyError)
  })
})

describe('Loaded credentials', () => {
  it('show their secrets in nothing that prints or copies them, nor in an error', () => {
    const loaded = [credentialsFromEnv({ ...env, KEYLATTICE_PASSPHRASE: passphrase }), credentialsFromText(uri)]
    const failures = [`${uri}&x=1`, `KEYLATTICE_SECRET=${secret}`, `${secret}\n${passphrase}`].map(text => {
      try {
        return credentialsFromText(text)
      } catch (error) {
        return error
      }
    })
    for (const value of [...loaded, ...failures]) {
      const error = value instanceof Error ? `${value.stack}${value.message}` : ''
      const texts = [
        inspect(value, { depth: 20, showHidden: true, getters: true }),
        JSON.stringify(value),
        String(value),
        error,
      ]
      for (const text of texts) {
        expect(text).not.toContain(secret.slice(9, 30))
        expect(text).not.toContain(passphrase)
      }
    }
    expect(failures.filter(value => value instanceof KeyError)).toHaveLength(3)
    expect(() => structuredClone(loaded[0])).toThrow()
    expect(loaded[0]?.credentials.secret.reveal()).toBe(secret)
  })
})
