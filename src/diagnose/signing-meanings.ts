import type { Meaning } from './meaning.js'

/** The credentials, the time, the string to sign or the signature itself are not as they must be. */
export type SigningMistake =
  | 'credentials-missing'
  | 'field-missing'
  | 'field-malformed'
  | 'key-id-other'
  | 'credentials-swapped'
  | 'timestamp-unit'
  | 'timestamp-differs'
  | 'clock-behind'
  | 'clock-ahead'
  | 'window-too-large'
  | 'recv-window'
  | 'nonce-differs'
  | 'part-left-out'
  | 'part-added'
  | 'part-order'
  | 'part-separator'
  | 'string-newline'
  | 'string-case'
  | 'string-encoded'
  | 'string-hashed'
  | 'secret-not-decoded'
  | 'secret-decoded'
  | 'secret-blank'
  | 'secret-key-id'
  | 'secret-passphrase'
  | 'hash-other'
  | 'hash-not-mac'
  | 'signature-encoding'
  | 'passphrase-other'
  | 'passphrase-plain'
  | 'passphrase-maced'
  | 'algorithm-other'

export const SIGNING_MISTAKES: Readonly<Record<SigningMistake, Meaning>> = /* @__PURE__ */ Object.freeze({
  'credentials-missing': {
    happened: 'Nothing of this scheme is on the request.',
    fix: 'Send the fields that the scheme writes, and look whether a proxy takes them away.',
  },
  'field-missing': {
    happened: 'A field of the credentials is not on the request.',
    fix: 'Send the field, under exactly this name.',
  },
  'field-malformed': {
    happened: 'A field is there, but not as the scheme writes it.',
    fix: 'Write the field as the page of the scheme says.',
  },
  'key-id-other': {
    happened: 'The request names another key than the one it was compared with.',
    fix: 'Send the key id that belongs to this secret.',
  },
  'credentials-swapped': {
    happened: 'Key id and secret have changed places.',
    fix: 'Send the key id and sign with the secret. The secret has been on the wire: revoke the key.',
  },
  'timestamp-unit': {
    happened: 'The time is in another unit or format than the scheme says.',
    fix: 'Write the time in the unit of the scheme: seconds have 10 digits, milliseconds 13, microseconds 16.',
  },
  'timestamp-differs': {
    happened: 'The time that was signed is not the time that was sent.',
    fix: 'Read the clock once, then sign and send the same text.',
  },
  'clock-behind': {
    happened: 'The time of the request lies too far in the past: the clock is slow, or the request was late.',
    fix: 'Set the clock by NTP, or add the difference to the server time; sign right before sending.',
  },
  'clock-ahead': {
    happened: 'The time of the request lies too far in the future: the clock is fast.',
    fix: 'Set the clock by NTP, or add the difference to the server time.',
  },
  'window-too-large': {
    happened: 'The request asks to be good for longer than the scheme allows.',
    fix: 'Ask for a shorter receive window, or for an earlier end.',
  },
  'recv-window': {
    happened: 'The receive window was signed and not sent, sent and not signed, or the two differ.',
    fix: 'Sign the receive window exactly when it is sent, with the same digits.',
  },
  'nonce-differs': {
    happened: 'The nonce that was signed is not the nonce that was sent.',
    fix: 'Make the nonce once, then sign and send the same text.',
  },
  'part-left-out': {
    happened: 'A part of the string to sign is missing.',
    fix: 'Put the part where the string to sign has it.',
  },
  'part-added': {
    happened: 'The string to sign has a part that does not belong to it.',
    fix: 'Leave the part out.',
  },
  'part-order': {
    happened: 'Two parts of the string to sign have changed places.',
    fix: 'Put the parts in the order that the string to sign has.',
  },
  'part-separator': {
    happened: 'The parts of the string to sign were joined with other characters between them.',
    fix: 'Join the parts as the string to sign shows, with a line feed alone where there is one.',
  },
  'string-newline': {
    happened: 'The string to sign ended with a line break that does not belong to it, or lacked one.',
    fix: 'Add no line break; in a shell, use `printf %s` and not `echo`.',
  },
  'string-case': {
    happened: 'The string to sign was put into another case.',
    fix: 'Sign every part as it is sent.',
  },
  'string-encoded': {
    happened: 'The string to sign was encoded once more before signing, or not encoded where it must be.',
    fix: 'Sign the string to sign as it is shown, and nothing made of it.',
  },
  'string-hashed': {
    happened: 'A digest of the string to sign was signed.',
    fix: 'Give the string itself to the MAC, which hashes it.',
  },
  'secret-not-decoded': {
    happened: 'The text of the secret was the key, where its decoded bytes belong.',
    fix: 'Decode the secret from base64 first.',
  },
  'secret-decoded': {
    happened: 'The decoded bytes of the secret were the key, where its text belongs.',
    fix: 'Use the characters of the secret as they are, in UTF-8.',
  },
  'secret-blank': {
    happened: 'The secret was used with a blank, a line break or quotes around it, or without what belongs to it.',
    fix: 'Trim the secret where it is read, and look for a line break at the end of its file.',
  },
  'secret-key-id': {
    happened: 'The key id was used as the secret.',
    fix: 'Sign with the secret that was shown when the key was made.',
  },
  'secret-passphrase': {
    happened: 'The passphrase was used as the secret.',
    fix: 'Sign with the secret, and send the passphrase in its own field.',
  },
  'hash-other': {
    happened: 'The MAC was made with another hash.',
    fix: 'Use the hash that the scheme names.',
  },
  'hash-not-mac': {
    happened: 'A plain digest of secret and string was made in place of an HMAC.',
    fix: 'Use the HMAC function of the language, with the secret as its key.',
  },
  'signature-encoding': {
    happened: 'The signature is written in another encoding than the scheme says.',
    fix: 'Write the signature as the scheme does: lower-case hex, or base64 with its padding.',
  },
  'passphrase-other': {
    happened: 'The passphrase is not the one of this key.',
    fix: 'Send the passphrase that was set when the key was made.',
  },
  'passphrase-plain': {
    happened: 'The passphrase was sent as it is, where its MAC belongs.',
    fix: 'Send base64 of the MAC of the passphrase under the secret.',
  },
  'passphrase-maced': {
    happened: 'A MAC of the passphrase was sent, where the passphrase itself belongs.',
    fix: 'Send the passphrase as it is.',
  },
  'algorithm-other': {
    happened: 'The request names another algorithm than the key has.',
    fix: 'Name the algorithm of the registered key, and sign with it.',
  },
})
