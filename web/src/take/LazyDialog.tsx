/** The dialog of what can be taken away, fetched when it is first opened. */
import { lazy, Suspense, useState } from 'react';

const TakeDialog = lazy(() =>
  import('./TakeDialog').then((module) => ({ default: module.TakeDialog })),
);

export function LazyDialog({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const [wasOpen, setWasOpen] = useState(false);
  if (isOpen && !wasOpen) {
    setWasOpen(true);
  }
  return wasOpen || isOpen ? (
    <Suspense>
      <TakeDialog isOpen={isOpen} close={close} />
    </Suspense>
  ) : null;
}
