"""What is compiled: a file for each library or kind of model, and how an estimator is asked.

==================  ==========================================================================================
module              holds
==================  ==========================================================================================
``registry``        the kinds of models, in the order in which they are recognised
``estimators``      fitted estimators, asked by their methods and not by their names
``statsmodels``     results of statsmodels: columns, constant, linear predictor, link
``boosters``        the names that boosters have for columns and log-odds
``callables``       any callable of decoded rows
``trees``           ensembles of shallow trees, and the schema of their thresholds
``linear``          :class:`Linear`, a model given by its numbers
``networks``        :class:`SquareNetwork`, one hidden layer of squares
``expressions``     sympy expressions
``graphs``          ONNX graphs
``decision``        which method of a model is compiled
``intake``          how rows reach a model, by name or by position
``parts``           the steps and members of a model
``raw_model``       a model as it is, asked about tables
``fitted``          the map behind it: probed and verified
``link_and_classes``  its link and its classes
``real_function``   what a model turned out to be
==================  ==========================================================================================
"""
