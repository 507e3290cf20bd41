/** What happened, and what to do about it on the client's side: two sentences, for a person who debugs. */
export interface Meaning {
  readonly happened: string
  readonly fix: string
}
