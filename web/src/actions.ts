/** What a person can do. Each action changes the store, the URL, or asks the server. */
export * from './actions/ask';
export * from './actions/parts';
export * from './actions/view';
