import { describe, expect, it } from 'vitest'
import { describeUnless } from '../../skips.js'
import { absentDocument, placesOf, readDocument, readQuotes, unquoted } from './document.js'

/**
 * How the sentences begin that no scenario quotes, since there is nothing in them to prove: headings, ways through a
 * site, advice to its user.
 */
const NOTHING_TO_PROVE: Readonly<Record<string, readonly string[]>> = {
  'bitcoin-suisse': [
    '## API Keys This documen',
    'Already have an API Key ',
    'Have a look at the [REST',
    'Contact your Relationshi',
    'To do this, navigate to ',
    'Note:',
    'Important Store this inf',
    'See [chapter 1](#1-activ',
  ],
  'bitpanda-pro': [
    'To manage your API keys,',
    'If you wish to read the ',
    'Creating an API key',
    'To set up an API key, pl',
    '- Log in to Bitpanda Pro',
    '- Click on your User Ico',
    '- Select API',
    '- Click on New API key',
    '- Click on Create API ke',
    'Note:',
    'Tip:',
    'Permissions',
    'For all details on permi',
    'Read',
    'Trade',
    'Withdraw',
    'Additional permissions',
    'We advise that for furth',
    'Deleting an API key',
    'If you want to delete yo',
    '- Log in to Bitpanda Pro',
    '- Click on your User Ico',
    '- Select API',
    '- Confirm the deletion b',
    'Note:',
    'Troubleshooting',
    '- API Issues',
    'If you experience any pr',
    'Please note that request',
    'You can speed up the pro',
    'When creating the new AP',
    'Find out what you can do',
    'Comments',
    'Article is closed for co',
  ],
  bitexbit: [
    'What is API management',
    'What is API Management',
    'API Management is a mech',
    'Learn more about managin',
    'How to set up API manage',
    'Click the Login button o',
    'Hover over the Profile b',
    'Click the Add API key bu',
    'It can lead to the loss ',
    'Click on the cross or an',
    'Last modified on 20.05.2',
  ],
  bitfinex: [
    'To create an API Key:',
    'Step 1:',
    'Visit your API Key creat',
    'Go to the API section of',
    'Step 2:',
    'Choose the preferred con',
    'Step 3:',
    'Confirm the API Key crea',
    'Step 4:',
    'Save your API Key',
    'For security reasons do ',
    'To revoke or edit an exi',
    'If you would like to edi',
    'If you have any question',
  ],
}

describe('The reader of a document', () => {
  const text = 'Choose a name. Copy it:\n- once\nClick on Delete.'

  it('finds quotes that follow each other, pieces of one sentence too', () => {
    expect(placesOf(['Choose a name', 'a name', 'once'], text)).toEqual([0, 7, 26])
  })

  it('finds none that the document does not hold, or that stands before the one before', () => {
    expect(placesOf(['Copy it', 'Choose a name', 'twice'], text)).toEqual([15, -1, -1])
  })

  it('tells which sentences no quote touches', () => {
    expect(unquoted(text, ['a name', 'on Del'])).toEqual(['Copy it:', '- once'])
    expect(unquoted(text, ['never said'])).toEqual(['Choose a name.', 'Copy it:', '- once', 'Click on Delete.'])
  })
})

describe.each(Object.keys(NOTHING_TO_PROVE))('The scenario of %s', id => {
  describeUnless(absentDocument(id), 'walks its document', () => {
    const document = readDocument(id)
    const quotes = readQuotes(id)

    it('in its own words and in its order', () => {
      const places = placesOf(quotes, document)
      expect(quotes.filter((_, index) => places[index] === -1)).toEqual([])
    })

    it('to the end: what it does not quote has nothing to prove', () => {
      expect(unquoted(document, quotes).map(sentence => sentence.slice(0, 24))).toEqual(NOTHING_TO_PROVE[id])
    })
  })
})
