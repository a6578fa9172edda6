using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Becket.Objects.Http;

/// <summary>How connections to stores are made. The defaults suit many ranged GETs to one server at once.</summary>
public sealed record HttpTransportOptions
{
    /// <summary>
    /// A PEM file with one or more root certificates, or null. They are trusted <b>instead of</b> the system's, as
    /// AWS_CA_BUNDLE has it in the AWS tools: who names a bundle does not mean the public authorities.
    /// </summary>
    public string? CaBundle { get; init; }

    /// <summary>Connections to one server at a time; further requests wait for a free one.</summary>
    public int ConnectionsPerServer { get; init; } = 64;

    /// <summary>How long name resolution, TCP and TLS together may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An idle connection is closed after this time: before the stores do it themselves.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A connection takes no further requests after this time, so that changes of the DNS are seen.</summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>A silent connection is probed after this time, so that a vanished peer is noticed.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>
/// Makes the HTTP client of the stores. It sends what it is given and hands back what comes: no redirects, no cookies, no
/// decompression, no Expect: 100-continue. Proxies come from the environment (<c>https_proxy</c>, <c>no_proxy</c> ...).
/// </summary>
/// <remarks>One client serves all stores of a process; whoever creates it disposes it after them.</remarks>
public static class HttpTransport
{
    /// <summary>Becket's name in requests. Some servers refuse clients without one.</summary>
    public static ProductInfoHeaderValue UserAgent { get; } =
        new("becket", typeof(HttpTransport).Assembly.GetName().Version?.ToString(3));

    /// <exception cref="ObjectStoreException">The CA bundle cannot be read (<see cref="ObjectStoreError.Certificate"/>).</exception>
    public static HttpMessageInvoker Create(HttpTransportOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxConnectionsPerServer = options.ConnectionsPerServer,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = options.IdleTimeout,
            PooledConnectionLifetime = options.ConnectionLifetime,
            ActivityHeadersPropagator = null, // a header of tracing would be one that the signature does not know
            ConnectCallback = (context, cancellationToken) => ConnectAsync(context, options, cancellationToken),
        };
        if (options.CaBundle is { } bundle)
            handler.SslOptions.CertificateChainPolicy = Trust(ReadBundle(bundle));
        return new HttpMessageInvoker(handler);
    }

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, HttpTransportOptions options, CancellationToken cancellationToken)
    {
        var seconds = (int)Math.Max(1, options.KeepAlive.TotalSeconds);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: 1);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Math.Max(1, seconds / 3));
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, optionValue: 3);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static X509ChainPolicy Trust(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // as without a bundle
        };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }

    private static X509Certificate2Collection ReadBundle(string path)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw Unusable(path, e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message, e);
        }
        return certificates.Count > 0 ? certificates : throw Unusable(path, "there is no certificate in it", inner: null);
    }

    private static ObjectStoreException Unusable(string path, string reason, Exception? inner) => new(
        ObjectStoreError.Certificate,
        $"the CA bundle '{path}' cannot be used: {reason.TrimEnd('.')}; give --ca-bundle or AWS_CA_BUNDLE a PEM file of root certificates",
        inner);
}
