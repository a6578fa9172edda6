using System.Security.Authentication;

namespace Becket.Nbd.Tls;

/// <summary>Puts failures of TLS, which come wrapped several times and in OpenSSL's words, into half a sentence.</summary>
internal static class TlsFailure
{
    /// <summary>What the log says of it.</summary>
    public static string Explain(Exception exception)
    {
        if (ConnectionEnd(exception) is { } end)
            return end;

        var innermost = exception;
        while (innermost.InnerException is { } inner)
            innermost = inner;

        // OpenSSL's messages are "error:CODE:LIBRARY:FUNCTION:reason"; an alert is what the client has said.
        var words = innermost.Message.Split(':')[^1].Trim().TrimEnd('.');
        var alert = words.IndexOf("alert ", StringComparison.Ordinal);
        if (alert >= 0)
            return $"the client ended the TLS handshake: {words[(alert + "alert ".Length)..]}";

        // close_notify before the handshake is over: how nbd-client leaves a server that it does not trust.
        if (words.EndsWith("SSL_ERROR_ZERO_RETURN", StringComparison.Ordinal))
            return "the client ended the TLS handshake without saying why";

        return exception is IOException and not { InnerException: AuthenticationException } && innermost == exception
            ? "the client left during the TLS handshake"
            : $"the TLS handshake failed: {words}";
    }

    /// <summary>The reason where the connection itself ended under TLS, else null.</summary>
    public static string? ConnectionEnd(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is ConnectionEndedException)
                return cause.Message;
        }

        return null;
    }
}
