/** Words and a way on where the page itself fails; the rest of the page stays if only a part did. */
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { t } from '../i18n';

interface Props {
  children: ReactNode;
  /** What is left out, for the words; null is the whole page. */
  part?: string;
  /** Whether another boundary beside it has the words. */
  isQuiet?: boolean;
}

interface Failure {
  error: Error | null;
  stack: string;
}

export class ErrorBoundary extends Component<Props, Failure> {
  override state: Failure = { error: null, stack: '' };

  static getDerivedStateFromError(error: unknown): Partial<Failure> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidCatch(_: unknown, { componentStack }: ErrorInfo): void {
    this.setState({ stack: componentStack ?? '' });
  }

  private readonly copy = (): void => {
    const { error, stack } = this.state;
    const lines = [
      window.location.href,
      navigator.userAgent,
      error?.stack ?? error?.message,
      stack,
    ];
    void navigator.clipboard?.writeText(lines.join('\n')).catch(() => undefined);
  };

  override render(): ReactNode {
    const { error } = this.state;
    const { children, part, isQuiet } = this.props;
    if (!error) {
      return children;
    }
    if (isQuiet) {
      return null;
    }
    return (
      <div className="broken" role="alert">
        <h2>{t('This part of the page broke')}</h2>
        <p>
          {part ? `${part}. ` : ''}
          {t('Your question is in the address, so nothing is lost when you reload.')}
        </p>
        <p className="broken-what">{error.message}</p>
        <p className="broken-ways">
          <button type="button" onClick={() => window.location.reload()}>
            {t('Reload the page')}
          </button>
          <button type="button" onClick={this.copy}>
            {t('Copy the details')}
          </button>
        </p>
      </div>
    );
  }
}
