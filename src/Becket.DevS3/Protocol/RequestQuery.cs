namespace Becket.DevS3.Protocol;

/// <summary>
/// The parameters after the question mark, decoded and in the order sent. A parameter without <c>=</c> has the empty
/// value, as S3's sub-resources do (<c>?uploads</c>).
/// </summary>
internal sealed class RequestQuery
{
    private readonly List<KeyValuePair<string, string>> _parameters = [];

    public RequestQuery(ReadOnlySpan<char> query)
    {
        foreach (Range part in query.Split('&'))
        {
            ReadOnlySpan<char> parameter = query[part];
            if (parameter.IsEmpty)
                continue;
            int equals = parameter.IndexOf('=');
            _parameters.Add(equals < 0
                ? new(PercentCode.DecodeValue(parameter), "")
                : new(PercentCode.DecodeValue(parameter[..equals]), PercentCode.DecodeValue(parameter[(equals + 1)..])));
        }
    }

    public IReadOnlyList<KeyValuePair<string, string>> Parameters => _parameters;

    /// <summary>The value of the first parameter of this name; null where there is none. Names are case-sensitive.</summary>
    public string? this[string name]
    {
        get
        {
            foreach ((string parameter, string value) in _parameters)
            {
                if (parameter == name)
                    return value;
            }
            return null;
        }
    }

    public bool Has(string name) => this[name] is not null;
}
