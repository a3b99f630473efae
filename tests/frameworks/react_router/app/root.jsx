import { Links, Meta, Outlet, Scripts } from "react-router";

const tag = `window.dataLayer = window.dataLayer || [];
function gtag(){dataLayer.push(arguments);}
gtag('js', new Date()); gtag('config', 'G-1');`;

export function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <script async src="https://www.googletagmanager.com/gtag/js?id=G-1" />
        <script dangerouslySetInnerHTML={{ __html: tag }} />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <Scripts />
      </body>
    </html>
  );
}

export default function Root() {
  return <Outlet />;
}
