using System.Globalization;
using System.Net;

namespace Becket.Objects.Http;

/// <summary>Turns the refusals of a plain HTTP server into the exception of a store. Does not read the body.</summary>
internal static class StatusFailure
{
    public static ObjectStoreException From(HttpResponseMessage response, string objectName)
    {
        var status = (int)response.StatusCode;
        return response.StatusCode switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone => new(
                ObjectStoreError.NotFound, Text($"{objectName} is not there ({status}); check the URL")),
            HttpStatusCode.Unauthorized => new(
                ObjectStoreError.AccessDenied,
                Text($"{objectName}: the server asks for a password ({status}); give it as https://user:password@host/...")),
            HttpStatusCode.Forbidden => new(
                ObjectStoreError.AccessDenied,
                Text($"{objectName}: the server refuses access ({status}); a presigned URL may have expired")),
            HttpStatusCode.ProxyAuthenticationRequired => new(
                ObjectStoreError.AccessDenied,
                Text($"{objectName}: the proxy asks for a password ({status}); give it in https_proxy or http_proxy")),
            HttpStatusCode.PreconditionFailed => RangeAnswer.Replaced(objectName),
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.InternalServerError
                or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => new(
                ObjectStoreError.Unavailable, Text($"{objectName}: the server is in trouble or busy ({status}); try again later"))
                {
                    IsTransient = true,
                    RetryAfter = RetryAfter(response),
                },
            _ => new(ObjectStoreError.Invalid, Text($"{objectName}: the server refused the request ({status}); check the URL")),
        };
    }

    /// <summary>
    /// <c>Retry-After</c> (RFC 9110, 10.2.3). A date is measured from the answer's own <c>Date</c>, so that clocks which
    /// disagree do not matter.
    /// </summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } then } when response.Headers.Date is { } now && then > now => then - now,
        _ => null,
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
