/**
 * An exchange's API on NestJS. Prints where it listens and a key to call it with; addresses given as arguments are the
 * only ones that the key may be used from. Compiled with `experimentalDecorators`, as every project of Nest is.
 */

import 'reflect-metadata'
import { Body, Controller, Get, HttpException, Module, Param, Post, Req } from '@nestjs/common'
import { ModulesContainer, NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import {
  clientIp,
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  defineKeyPolicy,
  publicRoute,
  standardKeyPolicy,
} from 'keylattice'
import { withoutStepUp } from 'keylattice/insecure'
import { checkRoutes, type NestRequest, protect, Requires } from 'keylattice/middleware/nest'
import { standard } from 'keylattice/presets/standard'
import { hmacV1 } from 'keylattice/schemes/hmac-v1'
import { createMemoryKeyStore, createMemoryReplayStore } from 'keylattice/stores/memory'

const { permissions } = standard
const maxBodyBytes = 16 * 1024 * 1024

// Keys in memory, under a master key of this run: put a database and a vault in their place.
const shared = {
  permissions,
  schemes: [hmacV1({ audience: 'api.example.com' })],
  keys: createMemoryKeyStore(),
  sealer: createSealer({ primary: 'k1', keys: { k1: crypto.getRandomValues(new Uint8Array(32)) } }),
}

const options = {
  verifier: createVerifier({ ...shared, replay: createMemoryReplayStore(), maxBodyBytes }),
  HttpException,
  onError: console.error,
  maxBodyBytes,
  clientIp: clientIp({ trust: ['127.0.0.1/32'], header: 'x-forwarded-for' }),
}

@Controller('v1')
class Orders {
  @Get('time')
  @Requires(publicRoute)
  time() {
    return { now: Date.now() }
  }

  @Get('orders/:id')
  @Requires('read')
  order(@Req() { principal }: NestRequest, @Param('id') id: string) {
    return { owner: principal?.owner, id }
  }

  @Post('orders')
  @Requires('trade')
  place(@Req() { principal, access }: NestRequest, @Body() { side, amount }: { side: string; amount: number }) {
    return { owner: principal?.owner, side, amount, bytes: access?.body.length }
  }
}

@Module({ controllers: [Orders] })
class App {}

const app = await NestFactory.create<NestExpressApplication>(App, { rawBody: true, logger: ['error', 'warn'] })
app.useBodyParser('json', { limit: maxBodyBytes })
const guard = protect(options)
app.useGlobalGuards(guard)
checkRoutes(app.get(ModulesContainer), guard)

const manager = createKeyManager({
  ...shared,
  policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
  ceiling: () => ({ permissions: ['full'], accounts: null }),
  mint: createMint({ brand: 'kl', environment: 'test' }),
})
const { key, credentials } = await manager.create({
  owner: 'ada',
  label: 'bot',
  permissions: ['read', 'trade'],
  accounts: null,
  ipAllowlist: process.argv.length > 2 ? process.argv.slice(2) : null,
})

await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
const address = await app.getUrl()
console.log(JSON.stringify({ address, keyId: key.keyId, secret: credentials.secret.reveal() }))
