/** Which example programs there are, and what is changed in each so that it does as the guide says, or as it warns. */

import type { Edit } from './framework-program.js'

/** A program in which something reads the body before `protect`. */
export interface Changed {
  readonly title: string
  readonly edits: readonly Edit[]
}

/** One whose mistake is reported. */
export interface Mistaken extends Changed {
  /** What the program is told on its side: the line to move or to add. */
  readonly says: string
}

export interface Framework {
  readonly name: string
  readonly file: string
  /** Whether it hands its table of routes to `checkRoutes`. */
  readonly checked: boolean
  /** What it says to a signed request for which it has no route. Default: 403, since the table decides. */
  readonly notFound?: number
  /** What a body above the limit is called, where a parser of the framework is the one to refuse it. */
  readonly tooLarge?: Readonly<Record<string, unknown>>
  /** Still right. */
  readonly alsoRight: readonly Changed[]
  readonly wrong: readonly Mistaken[]
}

const USE_PROTECT = 'app.use(protect(options))\n'

const express: Omit<Framework, 'name' | 'file'> = {
  checked: true,
  alsoRight: [
    {
      title: 'express.json() in front, which keeps the bytes',
      edits: [
        ['checkRoutes, protect', 'checkRoutes, keepRawBody, protect'],
        [USE_PROTECT, ''],
        [
          /app\.use\(express\.json\(\{ (.*) \}\)\)\n/,
          `app.use(express.json({ $1, verify: keepRawBody, inflate: false }))\n${USE_PROTECT}`,
        ],
      ],
    },
  ],
  wrong: [
    {
      title: 'express.json() in front',
      edits: [
        [USE_PROTECT, ''],
        [/(app\.use\(express\.json.*\n)/, `$1${USE_PROTECT}`],
      ],
      says: 'put app.use(protect(…)) before app.use(express.json()) and the like, or have the parser keep the bytes: express.json({ verify: keepRawBody })',
    },
  ],
}

export const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'node:http',
    file: 'node.mjs',
    checked: false,
    alsoRight: [],
    wrong: [
      {
        title: 'a listener that reads the body in front',
        edits: [
          ['createServer(listener)', "createServer((req, res) => req.resume().once('end', () => listener(req, res)))"],
        ],
        says: 'call protect before the body parser (app.use(express.json()) and the like), or leave the parser out: the handler gets the bytes as access.body',
      },
    ],
  },
  {
    name: 'Request and Response',
    file: 'fetch.mjs',
    checked: false,
    alsoRight: [
      {
        title: 'a handler in front that reads a clone',
        edits: [
          [
            'fetch: handler',
            'fetch: async (request, context) => (await request.clone().text(), handler(request, context))',
          ],
        ],
      },
    ],
    wrong: [
      {
        title: 'a handler in front that reads the body',
        edits: [
          ['fetch: handler', 'fetch: async (request, context) => (await request.text(), handler(request, context))'],
        ],
        says: 'call protect first',
      },
    ],
  },
  { name: 'Express 5', file: 'express.mjs', ...express },
  { name: 'Express 4', file: 'express4.mjs', ...express },
  {
    name: 'Fastify 5',
    file: 'fastify.mjs',
    checked: false,
    alsoRight: [
      {
        title: 'a content type parser of one’s own, added before',
        edits: [
          [
            'await app.register(protect, options)\n',
            "app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request, body) => JSON.parse(body))\nawait app.register(protect, options)\n",
          ],
        ],
      },
    ],
    wrong: [
      {
        title: 'a hook in front that reads the body',
        edits: [
          [
            'await app.register(protect, options)\n',
            "app.addHook('onRequest', async request => void (await request.raw.toArray()))\nawait app.register(protect, options)\n",
          ],
        ],
        says: 'register protect before it, and read request.access.body',
      },
    ],
  },
  {
    name: 'Hono 4',
    file: 'hono.mjs',
    checked: true,
    alsoRight: [
      {
        title: 'a handler in front that reads a clone',
        edits: [[USE_PROTECT, `app.use(async (c, next) => (await c.req.raw.clone().text(), next()))\n${USE_PROTECT}`]],
      },
    ],
    wrong: [
      {
        title: 'a handler in front that reads the body',
        edits: [[USE_PROTECT, `app.use(async (c, next) => (await c.req.json(), next()))\n${USE_PROTECT}`]],
        says: 'with Hono, put app.use(protect(…)) before whatever reads it',
      },
    ],
  },
  {
    name: 'Koa 3',
    file: 'koa.mjs',
    checked: true,
    alsoRight: [],
    wrong: [
      {
        title: 'bodyParser() in front',
        edits: [
          [USE_PROTECT, ''],
          [/(app\.use\(bodyParser.*\n)/, `$1${USE_PROTECT}`],
        ],
        says: 'put app.use(protect(…)) before app.use(bodyParser()) and the like: they read the same bytes after it',
      },
    ],
  },
  {
    name: 'NestJS',
    file: 'nest.mts',
    checked: false,
    notFound: 404,
    tooLarge: { statusCode: 413 },
    alsoRight: [],
    wrong: [
      {
        title: 'its body parser, which does not keep the bytes',
        edits: [['rawBody: true, ', '']],
        says: 'have Nest keep the bytes: NestFactory.create(AppModule, { rawBody: true })',
      },
    ],
  },
]

/** Stands behind a proxy that takes `/api` off the path; routes are declared as clients see them. */
export function behindPrefix({ name, checked }: Framework): readonly Edit[] {
  const pathPrefix = "pathPrefix: { public: '/api', received: '' }"
  return [
    // Nest has its routes at the handlers, as it serves them.
    ...(name === 'NestJS' ? [] : [[/'(GET|POST) \/(v\d)\//g, "'$1 /api/$2/"] as const]),
    ['onError: console.error,', `onError: console.error, ${pathPrefix},`],
    ...(checked ? [['options.routes)', `options.routes, { ${pathPrefix} })`] as const] : []),
  ]
}
