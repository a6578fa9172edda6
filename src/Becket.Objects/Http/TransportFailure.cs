using System.Net.Sockets;
using System.Security.Authentication;

namespace Becket.Objects.Http;

/// <summary>
/// Turns what goes wrong between us and a server (names, connections, TLS, proxies, time) into the exception of a store.
/// A cancellation that the caller asked for is no failure: filter with <see cref="Is"/> first.
/// </summary>
public static class TransportFailure
{
    /// <summary>Whether <paramref name="e"/> is a failure of the transport, and not the caller's own cancellation.</summary>
    public static bool Is(Exception e, CancellationToken cancellationToken) => e switch
    {
        ObjectStoreException => false,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        HttpRequestException or IOException or SocketException or AuthenticationException or TimeoutException => true,
        _ => false,
    };

    /// <summary>
    /// One sentence for the failure. Our own words wherever the runtime's could quote a URL (of a proxy, with its
    /// password); the messages that are quoted name a host and a port at most.
    /// </summary>
    public static ObjectStoreException From(Exception e, string objectName) => e switch
    {
        OperationCanceledException or TimeoutException => Unavailable(
            e, objectName, "the server could not be connected to in time; check the network, the proxy and --endpoint-url"),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => Unavailable(
            e, objectName, $"the server's name cannot be resolved ({e.Message}); check the URL or --endpoint-url"),
        HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError or HttpRequestError.UserAuthenticationError } =>
            Unavailable(e, objectName, "the proxy refused to connect us to the server; check https_proxy, http_proxy and no_proxy"),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } or AuthenticationException => Tls(e, objectName),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }
            or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded } =>
            new(ObjectStoreError.BadAnswer, $"{objectName}: the server does not answer in proper HTTP; check the URL or --endpoint-url", e)
            {
                IsDoubtful = true,
            },
        _ => Unavailable(e, objectName, Connection(e)),
    };

    private static ObjectStoreException Unavailable(Exception e, string objectName, string reason) =>
        new(ObjectStoreError.Unavailable, $"{objectName}: {reason}", e) { IsTransient = true };

    private static ObjectStoreException Tls(Exception e, string objectName)
    {
        // A handshake that the network broke says nothing about certificates, and may work the next time.
        if (Find<SocketException>(e) is not null || (Find<IOException>(e) is not null && Find<AuthenticationException>(e) is null))
            return Unavailable(e, objectName, "the connection broke during the TLS handshake; is the server one for https?");

        var reason = Find<AuthenticationException>(e)?.Message ?? "";
        if (reason.Contains("NameMismatch", StringComparison.Ordinal))
        {
            return new(
                ObjectStoreError.Certificate,
                $"{objectName}: the server's certificate is for another name; check the URL or --endpoint-url",
                e);
        }
        if (reason.Contains("certificate", StringComparison.OrdinalIgnoreCase))
        {
            return new(
                ObjectStoreError.Certificate,
                $"{objectName}: the server's certificate is not trusted; "
                + "name the authority that issued it with --ca-bundle or AWS_CA_BUNDLE",
                e);
        }
        return new(ObjectStoreError.Unavailable, $"{objectName}: the TLS handshake failed; is the server one for https?", e);
    }

    private static string Connection(Exception e) => Find<SocketException>(e)?.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => $"the server refused the connection ({e.Message}); does it run, and is the port right?",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown =>
            $"the server cannot be reached ({e.Message}); check the network and --endpoint-url",
        SocketError.TimedOut => $"the server did not answer the connection in time ({e.Message}); check the network and --endpoint-url",
        SocketError.TooManyOpenSockets => "too many files and connections are open in this process; raise its limit (ulimit -n)",
        _ => "the connection to the server broke",
    };

    private static T? Find<T>(Exception? e)
        where T : Exception
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is T found)
                return found;
        }
        return null;
    }
}
