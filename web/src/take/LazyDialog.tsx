/** The dialog of what can be taken away, fetched when it is first opened. */
import { lazy, Suspense, useEffect, useState, type RefObject } from 'react';

const TakeDialog = lazy(() =>
  import('./TakeDialog').then((module) => ({ default: module.TakeDialog })),
);

interface Props {
  isOpen: boolean;
  close: () => void;
  /** What gets the focus when the dialog closes. */
  opener: RefObject<HTMLButtonElement | null>;
}

export function LazyDialog({ isOpen, close, opener }: Props) {
  const [wasOpen, setWasOpen] = useState(false);
  if (isOpen && !wasOpen) {
    setWasOpen(true);
  }
  useEffect(() => {
    if (isOpen || !wasOpen) {
      return undefined;
    }
    const timer = window.setTimeout(() => opener.current?.focus()); // once the focus is let go
    return () => window.clearTimeout(timer);
  }, [isOpen, wasOpen, opener]);
  return wasOpen || isOpen ? (
    <Suspense>
      <TakeDialog isOpen={isOpen} close={close} />
    </Suspense>
  ) : null;
}
