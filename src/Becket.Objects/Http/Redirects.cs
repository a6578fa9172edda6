using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Becket.Objects.Http;

/// <summary>
/// Sends requests for one URL and follows redirects. The final URL is kept, so that a thousand reads cost one redirect, and
/// resolved again when it fails: signed links of a CDN expire. For many threads at once.
/// </summary>
internal sealed partial class Redirects(HttpLocation location, string objectName, HttpMessageInvoker http, ILogger logger)
{
    private const int Limit = 10;

    private volatile Uri? _kept;

    /// <param name="make">Makes the request; called again for each hop.</param>
    /// <param name="cancellationToken">Ends the wait for the answer's headers.</param>
    /// <returns>The first answer that is no redirect. The caller disposes it.</returns>
    public async ValueTask<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        if (_kept is { } kept)
        {
            var response = await SendOnceAsync(make, kept, cancellationToken);
            if ((int)response.StatusCode >= 500)
                _kept = null; // the next attempt, after a pause, may be sent elsewhere
            if (!IsExpired(response.StatusCode))
                return response;
            LogExpired(logger, objectName, (int)response.StatusCode);
            response.Dispose();
            _kept = null;
        }

        var url = location.Target;
        for (var hops = 0; hops <= Limit; hops++)
        {
            var response = await SendOnceAsync(make, url, cancellationToken);
            if (!IsRedirect(response.StatusCode))
            {
                _kept = url == location.Target ? null : url;
                return response;
            }
            using (response)
                url = Next(url, response);
        }
        throw Bad(string.Create(CultureInfo.InvariantCulture, $"more than {Limit} redirects; check the URL"));
    }

    private async ValueTask<HttpResponseMessage> SendOnceAsync(Func<HttpRequestMessage> make, Uri url, CancellationToken cancellationToken)
    {
        var request = make(); // not disposed: it has no content, and the response refers to it
        request.RequestUri = url;
        request.Headers.Authorization = location.CredentialsFor(url);
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (Exception e) when (TransportFailure.Is(e, cancellationToken))
        {
            _kept = null;
            throw TransportFailure.From(e, objectName);
        }
    }

    private Uri Next(Uri from, HttpResponseMessage response)
    {
        if (response.Headers.Location is not { } location)
            throw Bad("the server redirects without saying where to");
        var next = location.IsAbsoluteUri ? location : new Uri(from, location);
        if (next.Scheme != Uri.UriSchemeHttps && next.Scheme != from.Scheme)
            throw Bad($"the server redirects from {from.Scheme} to {next.Scheme}, which is not followed");
        LogRedirect(logger, objectName, next.Host);
        return next;
    }

    private static bool IsRedirect(HttpStatusCode status) => status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found
        or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    /// <remarks>Not 412 and 416, which speak of the object, nor 5xx and 429, which are retried from above after a pause.</remarks>
    private static bool IsExpired(HttpStatusCode status) => IsRedirect(status) || status is HttpStatusCode.BadRequest
        or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone;

    private ObjectStoreException Bad(string reason) => new(ObjectStoreError.BadAnswer, $"{objectName}: {reason}");

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Object} is redirected to {Host}")]
    private static partial void LogRedirect(ILogger logger, string @object, string host);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Object}: the redirect's target answers {Status}; resolving it again")]
    private static partial void LogExpired(ILogger logger, string @object, int status);
}
