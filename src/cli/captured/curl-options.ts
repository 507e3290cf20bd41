/** Options of curl, as far as they say what is sent. */

/** What an option does to the request; `ignored` ones change how curl behaves, not what it asks. */
export type Effect =
  | 'request'
  | 'url'
  | 'header'
  | 'data'
  | 'data-raw'
  | 'data-binary'
  | 'json'
  | 'user-agent'
  | 'referer'
  | 'cookie'
  | 'get'
  | 'head'
  | 'ignored'

export interface CurlOption {
  readonly effect: Effect
  readonly hasValue: boolean
}

const WITH_VALUE: readonly (readonly [effect: Effect, names: string])[] = [
  ['request', '-X --request'],
  ['url', '--url'],
  ['header', '-H --header'],
  ['data', '-d --data --data-ascii'],
  ['data-raw', '--data-raw'],
  ['data-binary', '--data-binary'],
  ['json', '--json'],
  ['user-agent', '-A --user-agent'],
  ['referer', '-e --referer'],
  ['cookie', '-b --cookie'],
  ['ignored', '-o --output -w --write-out -m --max-time --connect-timeout --resolve --cacert --capath -x --proxy'],
  ['ignored', '--retry --retry-delay --interface -D --dump-header -c --cookie-jar --ciphers --tls-max'],
]

const FLAGS: readonly (readonly [effect: Effect, names: string])[] = [
  ['get', '-G --get'],
  ['head', '-I --head'],
  ['ignored', '-s --silent -S --show-error -v --verbose -i --include -k --insecure -L --location -f --fail'],
  ['ignored', '--fail-with-body -g --globoff --path-as-is --compressed -q --disable -N --no-buffer -O --remote-name'],
  ['ignored', '-0 --http1.0 --http1.1 --http2 --http3 -4 --ipv4 -6 --ipv6 -# --progress-bar --no-progress-meter'],
  ['ignored', '--tlsv1.2 --tlsv1.3 --tr-encoding --no-keepalive'],
]

export const CURL_OPTIONS: ReadonlyMap<string, CurlOption> = /* @__PURE__ */ new Map([
  ...entries(WITH_VALUE, true),
  ...entries(FLAGS, false),
])

function entries(
  table: readonly (readonly [effect: Effect, names: string])[],
  hasValue: boolean,
): readonly (readonly [name: string, option: CurlOption])[] {
  return table.flatMap(([effect, names]) => names.split(' ').map(name => [name, { effect, hasValue }] as const))
}
